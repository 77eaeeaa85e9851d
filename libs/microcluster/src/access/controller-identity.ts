/** Lets the adapter learn which controller and method a route that Nest registers belongs to. */
import 'reflect-metadata';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';

const ORIGIN = Symbol.for('@microcluster/nest/route-origin');

/** The controller class of a route and its method. */
export class RouteOrigin {
  constructor(
    readonly controller: object,
    readonly method: object,
  ) {}
}

/**
 * Notes the class in the route configuration of each of its handlers, which Nest passes on to Fastify.
 *
 * A handler inherited from a base class gets a copy of its own, as the base may be served elsewhere.
 */
export function identifyController(controller: object): void {
  const prototype: unknown = Reflect.get(controller, 'prototype');
  if (typeof prototype !== 'object' || prototype === null) return;
  for (const name of methodNames(prototype)) {
    const method: unknown = Reflect.get(prototype, name);
    if (typeof method !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, method)) continue;
    const own = Object.hasOwn(prototype, name) ? method : adopt(prototype, name, method);
    const config: object | undefined = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, own);
    Reflect.defineMetadata(
      FASTIFY_ROUTE_CONFIG_METADATA,
      { ...config, [ORIGIN]: new RouteOrigin(controller, own) },
      own,
    );
  }
}

/** Where the route with this configuration comes from; `undefined` when nobody placed its controller. */
export function routeOriginIn(config: object | undefined): RouteOrigin | undefined {
  const origin: unknown = config === undefined ? undefined : Reflect.get(config, ORIGIN);
  return origin instanceof RouteOrigin ? origin : undefined;
}

function methodNames(prototype: object): Set<string> {
  const names = new Set<string>();
  let current: object | null = prototype;
  while (current !== null && current !== Object.prototype) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(current))) {
      if (name !== 'constructor' && typeof descriptor.value === 'function') names.add(name);
    }
    current = Object.getPrototypeOf(current);
  }
  return names;
}

/** Gives `prototype` a method of its own that does what the inherited one does, with the same metadata. */
function adopt(prototype: object, name: string, inherited: object): object {
  const own = {
    [name](this: object, ...args: unknown[]): unknown {
      const method: unknown = Reflect.get(Object.getPrototypeOf(prototype), name);
      return typeof method === 'function' ? Reflect.apply(method, this, args) : undefined;
    },
  }[name];
  if (own === undefined) throw new TypeError(`The handler "${name}" could not be adopted`);
  for (const key of Reflect.getMetadataKeys(inherited)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, inherited), own);
  }
  Object.defineProperty(prototype, name, { value: own, writable: true, configurable: true });
  return own;
}
