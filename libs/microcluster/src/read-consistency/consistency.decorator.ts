/** Says for a handler, or for all of a controller, how fresh its reads are. */
import { UseInterceptors } from '@nestjs/common';
import type { Consistency as Level } from '@microcluster/dqlite';
import { ConsistencyInterceptor } from './consistency.interceptor.js';

/**
 * Runs the handler's statements and transactions at this level of consistency; those of guards are not affected.
 *
 * @param level `linearizable`: reads see everything that was acknowledged before they began, at the price of a commit
 * through Raft for each statement outside of a transaction and for each transaction. `leader`, the default of handlers
 * without this decorator: a leader that was cut off may answer with what it knew, until it notices.
 *
 * @example
 * @Get(':id') @Consistency('linearizable') find(@Param('id') id: string) { return this.items.findOneBy({ id }); }
 */
export function Consistency(level: Level): ClassDecorator & MethodDecorator {
  return UseInterceptors(new ConsistencyInterceptor(level));
}
