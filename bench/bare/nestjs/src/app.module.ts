import { randomUUID } from 'node:crypto'
import { Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { TypeOrmModule } from '@nestjs/typeorm'
import { LoggerModule } from 'nestjs-pino'
import pino from 'pino'
import { AuthGuard } from './auth.guard.js'
import { MeController } from './me.controller.js'
import { User } from './user.entity.js'

/** As many connections to the database as the compared servers. */
const POOL_SIZE = 10

const log = pino.destination({ dest: process.env.LOG_FILE_PATH, sync: false, minLength: 4096 })

@Module({
  imports: [
    LoggerModule.forRoot({
      pinoHttp: [
        {
          genReqId: () => randomUUID(),
          // One short line a request, without all the headers that are the default.
          quietReqLogger: true,
          serializers: {
            req: ({ id, method, url }) => ({ id, method, url }),
            res: ({ statusCode }) => ({ statusCode }),
          },
        },
        log,
      ],
    }),
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      entities: [User],
      poolSize: POOL_SIZE,
      // The measurement counts the CPU time of these connections, so they stay.
      extra: { idleTimeoutMillis: 0 },
    }),
    TypeOrmModule.forFeature([User]),
  ],
  controllers: [MeController],
  providers: [{ provide: APP_GUARD, useClass: AuthGuard }],
})
export class AppModule {}
