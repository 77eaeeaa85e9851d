/** The first schema update of the example application: the table of {@link Item}. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateItems1700000000000 implements MigrationInterface {
  readonly name = 'CreateItems1700000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'CREATE TABLE "items" ("id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "name" TEXT NOT NULL)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE "items"');
  }
}
