/** The protocols between this process and the service manager that started it. */
export { inheritSockets, InheritedSockets, type InheritedSocket } from './inherited-sockets.js';
export { ServiceManager, type Notification } from './service-manager.js';
export { superviseDaemon } from './supervision.js';
