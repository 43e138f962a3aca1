import 'reflect-metadata'
import { ClassSerializerInterceptor, ValidationPipe } from '@nestjs/common'
import { NestFactory, Reflector } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { Logger } from 'nestjs-pino'
import { AppModule } from './app.module.js'
import { addHeaders } from './headers.js'

/** On the adapter for Fastify, which is faster than the default, Express. */
const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  bufferLogs: true,
})
app.useLogger(app.get(Logger))
app.setGlobalPrefix('api/v1')
app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }))
app.useGlobalInterceptors(new ClassSerializerInterceptor(app.get(Reflector)))
await addHeaders(app)
await app.listen(0, '127.0.0.1')

process.send?.({ ready: await app.getUrl() })
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => process.exit())
