/** The answer envelope and the JSON in it. */
export { goJson, type GoJsonOptions } from './go-json.js';
export { ENVELOPE_CONTENT_TYPE, errorEnvelope, successEnvelope } from './envelope.js';
export {
  ERROR_CODE_HEADER,
  answerError,
  answerReport,
  answerSuccess,
  discardBody,
} from './raw-answer.js';
