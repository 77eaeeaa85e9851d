import { ConsoleLogger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Rollback } from './rollback.js';

const silent = new ConsoleLogger({ logLevels: ['fatal'] });

describe('a rollback', () => {
  it('undoes the steps in reverse order, each once', async () => {
    const undone: string[] = [];
    const rollback = new Rollback(silent);
    for (const step of ['first', 'second', 'third']) {
      rollback.add(step, () => {
        undone.push(step);
        return Promise.resolve();
      });
    }
    await rollback.run();
    await rollback.run();
    expect(undone).toEqual(['third', 'second', 'first']);
  });

  it('goes on with the other steps when one cannot be undone', async () => {
    const undone: string[] = [];
    const rollback = new Rollback(silent);
    rollback.add('first', () => {
      undone.push('first');
      return Promise.resolve();
    });
    rollback.add('second', () => Promise.reject(new Error('disk is gone')));
    await rollback.run();
    expect(undone).toEqual(['first']);
  });
});
