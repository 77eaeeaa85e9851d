/** Errors of the framework and what clients are told about any error. */
export {
  MICROCLUSTER_ERRORS,
  type MicroclusterErrorCode,
  type MicroclusterErrorParameters,
} from './catalogue.js';
export {
  MicroclusterError,
  isMicroclusterError,
  type MicroclusterErrorDetails,
} from './microcluster-error.js';
export {
  describeError,
  messageOf,
  messageOfBody,
  statusOf,
  type ErrorReport,
} from './error-mapping.js';
