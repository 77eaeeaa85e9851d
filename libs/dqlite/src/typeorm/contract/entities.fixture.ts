/** Entities that use what TypeORM can do, for the contract suite. */
import 'reflect-metadata';
import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

@Entity()
export class Author {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  name!: string;

  @OneToMany(() => Book, (book) => book.author, { cascade: true })
  books!: Relation<Book>[];

  /** Loaded when it is awaited. */
  @OneToMany(() => Book, (book) => book.editor)
  edited!: Promise<Relation<Book>[]>;
}

@Entity()
@Unique('unique_title', ['title'])
export class Book {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  title!: string;

  @ManyToOne(() => Author, (author) => author.books, { onDelete: 'CASCADE' })
  author!: Relation<Author>;

  @ManyToOne(() => Author, (author) => author.edited, { nullable: true })
  editor!: Promise<Relation<Author> | null>;

  @ManyToMany(() => Tag, { eager: true, cascade: true })
  @JoinTable()
  tags!: Relation<Tag>[];
}

@Entity()
export class Tag {
  @PrimaryColumn()
  name!: string;
}

@Entity()
export class Item {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ unique: true })
  name!: string;

  @Column({ default: 0 })
  amount!: number;
}

@Entity()
export class Audited {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  note!: string;

  @CreateDateColumn()
  createdAt!: Date;

  @UpdateDateColumn()
  updatedAt!: Date;

  @DeleteDateColumn()
  deletedAt!: Date | null;

  @VersionColumn()
  version!: number;
}

@Entity()
export class Everything {
  @PrimaryColumn()
  id!: number;

  @Column({ type: Boolean, nullable: true })
  flag!: boolean | null;

  @Column({ type: Date, nullable: true })
  moment!: Date | null;

  @Column({ type: 'datetime', precision: 3, nullable: true })
  precise!: Date | null;

  @Column({ type: 'date', nullable: true })
  day!: string | null;

  @Column({ type: 'time', nullable: true })
  time!: string | null;

  @Column({ type: 'simple-json', nullable: true })
  simpleJson!: unknown;

  @Column({ type: 'json', nullable: true })
  json!: unknown;

  @Column({ type: 'simple-array', nullable: true })
  list!: string[] | null;

  @Column({ type: 'blob', nullable: true })
  bytes!: Buffer | null;

  @Column({ type: 'bigint', nullable: true })
  large!: bigint;

  @Column({ type: 'bigint', nullable: true })
  millis!: number;

  @Column({ type: 'bigint', nullable: true })
  digits!: string;

  @Column({ type: 'real', nullable: true })
  real!: number | null;

  @Column({ type: 'text', nullable: true })
  text!: string | null;
}

@Entity()
export class LargeKey {
  @PrimaryGeneratedColumn('increment', { type: 'bigint' })
  id!: bigint;

  @Column()
  name!: string;
}
