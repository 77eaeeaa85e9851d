/** The daemon. */
import { runDaemon } from '@microcluster/nest';
import { AppModule } from './app.module.js';

await runDaemon(AppModule);
