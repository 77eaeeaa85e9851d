/** The application: what it stores, and which controllers are served where. */
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MicroclusterModule } from '@microcluster/nest';
import { CreateNotes1700000000000 } from './notes/create-notes.migration.js';
import { Note } from './notes/note.entity.js';
import { NotesController } from './notes/notes.controller.js';
import { ReportsController } from './reports/reports.controller.js';
import { Diary } from './setup/diary.js';
import { SetupController } from './setup/setup.controller.js';

@Module({
  imports: [
    // The state directory comes from the environment variable STATE_DIR.
    MicroclusterModule.forRoot({
      version: '1.0.0',
      entities: [Note],
      extensionsSchema: [CreateNotes1700000000000],
      apiExtensions: ['notes'],
      servers: {
        // The other way to place a controller. NotesController and SetupController do it by decorators.
        reports: {
          serverConfig: { address: process.env['REPORTS_ADDRESS'] ?? '127.0.0.1:8000' },
          dedicatedCertificate: true,
          drainConnectionsTimeout: 5_000,
          resources: [ReportsController],
        },
      },
    }),
    TypeOrmModule.forFeature([Note]),
  ],
  controllers: [NotesController, SetupController, ReportsController],
  providers: [Diary],
})
export class AppModule {}
