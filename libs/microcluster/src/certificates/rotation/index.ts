/** Replacing certificates on all members, and keeping them fresh. */
export { CertificateCatchUp } from './catch-up.js';
export { CertificateRotation } from './certificate-rotation.js';
export { Deliveries } from './deliveries.js';
export { LocalCertificates } from './local-certificates.js';
export { loadPreviousCertificates } from './previous-certificates.js';
export { dateFaults } from './expiry.js';
export { CertificateUpkeep } from './upkeep.js';
export { shownCertificates } from './shown-certificates.js';
export { IdentityRotation } from './identity-rotation.js';
export { guessIdentity, settleIdentity } from './settle-identity.js';
