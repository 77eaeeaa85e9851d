export {
  TrustStore,
  type ReplaceOptions,
  type TrustLogger,
  type TrustStoreOptions,
} from './trust-store.js';
export { type TrustEntry, type TrustedMember } from './trusted-member.js';
