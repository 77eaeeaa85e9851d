/** Decorators that say where a controller is served and who may call it. */
import { UseInterceptors, applyDecorators } from '@nestjs/common';
import { addFlags, addPlacement, type AccessFlags } from './access-metadata.js';
import { ProxyTargetInterceptor } from './proxy-target.interceptor.js';

/** Serves the controller on the Core API listener, at the member's address. */
export function CoreApi(): ClassDecorator {
  return (target) => {
    addPlacement(target, { coreApi: true });
  };
}

/** Serves the controller also before this member is bootstrapped or has joined a cluster. */
export function PreInit(): ClassDecorator {
  return (target) => {
    addPlacement(target, { preInit: true });
  };
}

/** Serves the controller also on the local control socket, where every caller is trusted. */
export function ServeUnix(): ClassDecorator {
  return (target) => {
    addPlacement(target, { serveUnix: true });
  };
}

/**
 * Serves the controller on the additional server of that name.
 *
 * @param name a key of `DaemonArgs.servers`
 */
export function Server(name: string): ClassDecorator {
  return (target) => {
    addPlacement(target, { servers: [name] });
  };
}

/** Lets callers without a trusted certificate call the method, or all methods of the class. */
export function AllowUntrusted(): ClassDecorator & MethodDecorator {
  return flag({ allowUntrusted: true });
}

/** Answers also while the database is closed: before initialisation, while starting or waiting. */
export function AllowedBeforeInit(): ClassDecorator & MethodDecorator {
  return flag({ allowedBeforeInit: true });
}

/** Answers also while the daemon is stopping. */
export function AllowedDuringShutdown(): ClassDecorator & MethodDecorator {
  return flag({ allowedDuringShutdown: true });
}

/**
 * Passes a trusted request with `?target=<member>` on to that member (`spec/core-api.md` 7.4), to the same
 * path of its Core API listener. The controller's guards run here, its pipes and handler there.
 */
export function ProxyTarget(): ClassDecorator & MethodDecorator {
  return applyDecorators(flag({ proxyTarget: true }), UseInterceptors(ProxyTargetInterceptor));
}

/** Sends what the handler returns as any Nest application would, without the Core API's envelope. */
export function RawResponse(): ClassDecorator & MethodDecorator {
  return flag({ rawResponse: true });
}

function flag(flags: AccessFlags): ClassDecorator & MethodDecorator {
  return (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const value: unknown = descriptor?.value;
    addFlags(typeof value === 'function' ? value : target, flags);
  };
}
