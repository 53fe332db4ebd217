export {
  type RequestSigner,
  requestSigner,
  type SignableRequest,
  type SignerSettings,
} from './request-signer.ts';
