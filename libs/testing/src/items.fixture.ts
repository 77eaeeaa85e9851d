/** A small application as a user would write it: an entity, two controllers, a guard, a hook, a server. */
import {
  Body,
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
} from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  AllowUntrusted,
  ClusterState,
  CoreApi,
  MicroclusterModule,
  OnNewMember,
  OnPostBootstrap,
  ServeUnix,
  Server,
  requestContext,
  type HookContext,
  type InitConfig,
} from '@microcluster/nest';
import type { FastifyRequest } from 'fastify';
import {
  Column,
  Entity,
  PrimaryGeneratedColumn,
  type MigrationInterface,
  type QueryRunner,
  Repository,
} from 'typeorm';

@Entity({ name: 'items' })
export class Item {
  @PrimaryGeneratedColumn()
  declare id: number;

  @Column({ type: 'text' })
  declare name: string;
}

class CreateItems1700000000000 implements MigrationInterface {
  readonly name = 'CreateItems1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE "items" ("id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "name" TEXT NOT NULL)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "items"');
  }
}

@Injectable()
export class KeyGuard implements CanActivate {
  canActivate(): boolean {
    throw new UnauthorizedException('no key');
  }
}

@CoreApi()
@ServeUnix()
@Controller('1.0/items')
export class ItemsController {
  constructor(
    @InjectRepository(Item) private readonly items: Repository<Item>,
    private readonly cluster: ClusterState,
  ) {}

  @Get() list(): Promise<Item[]> {
    return this.items.find({ order: { id: 'ASC' } });
  }

  @Post() create(@Body() { name }: { readonly name: string }): Promise<Item> {
    return this.items.save({ name });
  }

  @Get('caller') caller(@Req() request: FastifyRequest): object {
    const { listener, trusted, peer } = requestContext(request);
    return { listener, trusted, peer: peer?.name ?? null };
  }

  @Get('where') @AllowUntrusted() where(): object {
    return { name: this.cluster.name, address: this.cluster.address };
  }

  @Get('locked') @UseGuards(KeyGuard) locked(): string {
    return 'opened';
  }
}

@Server('additional-api')
@Controller('reports')
export class ReportsController {
  @Get() @AllowUntrusted() list(): string[] {
    return ['annual'];
  }

  @Get('secret') secret(): string {
    return 'secret';
  }
}

/** What has happened in the life of the cluster, as one member saw it. */
@Injectable()
export class Diary {
  readonly entries: string[] = [];

  @OnPostBootstrap() bootstrapped(_context: HookContext, config: InitConfig): void {
    this.entries.push(`bootstrapped ${config['site'] ?? ''}`.trimEnd());
  }

  @OnNewMember() joined(_context: HookContext, member: { readonly name: string }): void {
    this.entries.push(`${member.name} joined`);
  }
}

/** Its directory and addresses are those of production: a test must touch none of them. */
@Module({
  imports: [
    MicroclusterModule.forRoot({
      stateDir: '/nonexistent/itemsd',
      socketGroup: 'no-such-group',
      version: '1.0.0',
      preInitListenAddress: '192.0.2.1:8000',
      engine: 'dqlite',
      entities: [Item],
      extensionsSchema: [CreateItems1700000000000],
      apiExtensions: ['items'],
      servers: {
        'additional-api': {
          serverConfig: { address: '192.0.2.1:9000' },
          dedicatedCertificate: true,
        },
      },
    }),
    TypeOrmModule.forFeature([Item]),
  ],
  controllers: [ItemsController, ReportsController],
  providers: [Diary],
})
export class ItemsAppModule {}
