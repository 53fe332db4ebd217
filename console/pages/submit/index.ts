export { OptionFields } from './option-fields.tsx';
export { faultOf, NO_OPTIONS, newJobId, type RunOptions, runBody } from './run-options.ts';
export { SUBMIT_PAGE } from './submit-page.tsx';
