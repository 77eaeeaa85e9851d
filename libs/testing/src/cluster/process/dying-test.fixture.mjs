/** A test that makes a member stand still, says its process group, and is then killed. */
import { TestCluster } from '../../../dist/index.js';

const [url] = process.argv.slice(2);
const cluster = await TestCluster.create(
  { file: new URL(url), export: 'ItemsAppModule' },
  { members: 1, form: false },
);
cluster.pause(1);
process.send(cluster.member(1).pid);
// It would go on for ever.
setInterval(() => undefined, 1_000);
