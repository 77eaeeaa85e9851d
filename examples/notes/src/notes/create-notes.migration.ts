/** The first version of the schema. Append a class for every change, and never edit one that was released. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateNotes1700000000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE notes');
  }
}
