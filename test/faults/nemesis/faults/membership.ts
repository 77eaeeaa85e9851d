/** Members that join, and leave again: two of them at once with one token, of which one has to be refused. */
import { eventually } from '../../../support/eventually.js';
import type { Member } from '../../cluster/member.js';
import type { Fault, Scene } from '../fault.js';

const LEAVE_LIMIT_MS = 120_000;

export const JOIN_AND_LEAVE: Fault = {
  name: 'join-and-leave',
  concerns: 'members',
  isPossible: ({ spares }) => spares.length > 0,
  async begin(scene) {
    const { cluster } = scene;
    const joiner = scene.random.pick(cluster.spares);
    await joiner.daemon.start();
    try {
      await scene.membership.join(joiner, await cluster.token(joiner.name));
    } catch (error) {
      await leave(scene, joiner);
      throw error;
    }
    return () => leave(scene, joiner);
  },
};

/** Both are called as the token says; who comes second must find it used. */
export const TOKEN_USED_TWICE: Fault = {
  name: 'token-used-twice',
  concerns: 'members',
  isPossible: ({ spares }) => spares.length > 1,
  async begin(scene) {
    const { cluster } = scene;
    const [first, second] = scene.random.shuffled(cluster.spares);
    if (!first || !second) throw new Error('there are no two spares');
    // Whoever is refused runs without being a member.
    for (const spare of [first, second]) scene.taken.add(spare);
    await Promise.all([first, second].map(({ daemon }) => daemon.start()));
    const token = await cluster.token(first.name);
    await Promise.allSettled([
      scene.membership.join(first, token),
      scene.membership.join(second, token, first.name),
    ]);
    return async () => {
      await leave(scene, first);
      await leave(scene, second);
    };
  },
};

/** Takes the member out of the cluster, in whatever state it is, and stops its daemon. */
async function leave(scene: Scene, member: Member): Promise<void> {
  const { cluster } = scene;
  cluster.joined.delete(member);
  await eventually(`${member.name} to leave`, LEAVE_LIMIT_MS, async () => {
    await cluster.anywhere('a removal', async (asked) => {
      const path = `/core/1.0/cluster/${scene.membership.nameOf(member)}?force=1`;
      const answer = await asked.daemon.request('DELETE', path);
      if (answer.status !== 200 && answer.status !== 404) throw new Error(answer.error);
    });
  });
  await scene.membership.forget(member);
}
