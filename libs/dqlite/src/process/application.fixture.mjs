/** An application that starts a node as its parent test says, and then does nothing: to be killed or frozen. */
import { DqliteProcess } from '../../dist/process/index.js';

process.once('message', async ({ options, process: processOptions }) => {
  try {
    const host = new DqliteProcess(processOptions);
    await host.start(options);
    process.send(host.pid);
  } catch (error) {
    process.send(String(error));
  }
});
