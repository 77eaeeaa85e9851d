/** Names of the listeners that every daemon has; additional servers bring their own (`spec/core-api.md` 4.1). */

/** The control socket. Requests of `app.inject` count as coming from it. */
export const UNIX_LISTENER = 'unix';
/** The listener at the member's address. */
export const CORE_LISTENER = 'core';
/** The network listener that exists only before initialisation. */
export const PRE_INIT_LISTENER = 'pre-init';
