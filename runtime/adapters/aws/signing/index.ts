export {
  type RequestSigner,
  requestSigner,
  type SignableRequest,
  type SignerSettings,
} from './request-signer.ts';
export { Sha256 } from './sha256.ts';
