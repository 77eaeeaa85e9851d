/** Members in processes of their own. */
export { isModuleFile, type MemberOverride, type ModuleFile } from './module-file.js';
export type { ProcessDaemonArgs } from './member-launch.js';
export { ProcessMember } from './process-member.js';
