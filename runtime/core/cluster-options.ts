import { booleanOption, durationOption, integerOption, stringOption } from './config-option.ts';

const MAX_COUNT = 2 ** 31 - 1;

/** Of the REST interface of `sluice cluster`: names are Flink's, but those that begin `sluice.`. */
export const REST_OPTIONS = {
  REST_BIND_ADDRESS: stringOption<string>({
    key: 'rest.bind-address',
    defaultValue: '127.0.0.1',
    description: 'address to listen on; other than loopback needs rest.authentication.token',
  }),
  REST_ADDRESS: stringOption<string | undefined>({
    key: 'rest.address',
    defaultValue: undefined,
    description: 'host by which commands and other clients reach a cluster; -m goes before it',
  }),
  /** This project's own. */
  REST_AUTHENTICATION_TOKEN: stringOption<string | undefined>({
    key: 'rest.authentication.token',
    defaultValue: undefined,
    description: 'secret that requests have to bring, 16 characters at least; unset: none',
  }),
  REST_MAX_CONTENT_LENGTH: integerOption({
    key: 'rest.server.max-content-length',
    defaultValue: 100 * 1024 * 1024,
    min: 1,
    max: MAX_COUNT,
    description: 'largest upload, in bytes',
  }),
  REST_REQUEST_TIMEOUT_MS: durationOption({
    key: 'sluice.rest.request-timeout',
    defaultValue: 300_000,
    description: 'a request that has not arrived by then is ended; at least 100 ms',
  }),
  REST_HEADERS_TIMEOUT_MS: durationOption({
    key: 'sluice.rest.headers-timeout',
    defaultValue: 10_000,
    description: 'a request whose headers have not arrived by then is ended; at least 100 ms',
  }),
  REST_MAX_CONNECTIONS: integerOption({
    key: 'sluice.rest.max-connections',
    defaultValue: 512,
    min: 1,
    max: 65_536,
    description: 'connections beyond these are closed as they come',
  }),
  WEB_ALLOW_ORIGIN: stringOption<string | undefined>({
    key: 'web.access-control-allow-origin',
    defaultValue: undefined,
    description: 'origins whose pages may ask, separated by commas; unset: only its own',
  }),
  WEB_UPLOAD_DIR: stringOption<string | undefined>({
    key: 'web.upload.dir',
    defaultValue: undefined,
    description: 'directory of uploaded programs; unset: in the data directory',
  }),
  WEB_SUBMIT_ENABLE: booleanOption({
    key: 'web.submit.enable',
    defaultValue: true,
    description: 'whether programs can be uploaded and run over REST',
  }),
  WEB_CANCEL_ENABLE: booleanOption({
    key: 'web.cancel.enable',
    defaultValue: true,
    description: 'whether web pages offer to cancel jobs',
  }),
  WEB_RESCALE_ENABLE: booleanOption({
    key: 'web.rescale.enable',
    defaultValue: true,
    description: 'whether web pages offer to rescale jobs',
  }),
  WEB_REFRESH_INTERVAL_MS: durationOption({
    key: 'web.refresh-interval',
    defaultValue: 3000,
    description: 'how often web pages ask anew',
  }),
  /** This project's own. */
  WEB_UI_DIR: stringOption<string | undefined>({
    key: 'web.ui.dir',
    defaultValue: undefined,
    description: "directory of web pages to serve, such as Flink's dashboard",
  }),
} as const;

/** Of a job whose program has more than one. This project's own. */
export const JOB_EXPORT = stringOption<string>({
  key: 'sluice.job-export',
  defaultValue: 'default',
  description: 'which export of the program is the job (entryClass)',
});
