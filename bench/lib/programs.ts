import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from '../../test/helpers/ports.js'
import { keepUntilExit, nextMessage, start, stop } from './child.js'

export type Running = { origin: string; pids: readonly number[]; stop: () => Promise<void> }

/**
 * The bare server has no duties. The expert's has ours, written for its routes alone. NestJS and Flask have ours as
 * their users write them.
 */
export type Other = 'bare' | 'expert' | 'nestjs' | 'flask'

type Options = {
  url: string
  folder: string
  /** The origin of our server, whose headers and keys the others use. */
  ours: string
}

/** Starts the built server with its log in a file, and without limits that would refuse a request. */
export const startOurs = (url: string, folder: string): Promise<Running> =>
  whenReady(start(['dist/server.js'], oursEnv(url, folder)))

export const oursEnv = (url: string, folder: string): NodeJS.ProcessEnv => ({
  NODE_ENV: 'test',
  CONFIG_FILE: 'off',
  DATA_DIR: folder,
  DATABASE_URL: url,
  LOG_FILE_PATH: join(folder, 'app.log'),
  PORT: '0',
  PUBLIC_URL: 'http://bench.localhost',
  RATE_LIMIT: 'off',
  // Requests must not be refused on a busy machine.
  QUEUE_TIMEOUT_MS: '60000',
})

export function startOther(name: Other, { url, folder, ours }: Options): Promise<Running> {
  const env = { DATABASE_URL: url, LOG_FILE_PATH: join(folder, `${name}.log`), OURS: ours }
  if (name === 'flask') return startFlask(env)
  const file = { bare: 'server.js', expert: 'expert.js', nestjs: 'nestjs/dist/main.js' }[name]
  return whenReady(start([`bench/bare/${file}`], env))
}

async function whenReady(child: ChildProcess): Promise<Running> {
  const { ready } = await nextMessage<{ ready: string }>(child)
  return { origin: ready, pids: [Number(child.pid)], stop: () => stop(child) }
}

const FLASK_WORKERS = 2

/** The interpreter that has the packages of bench/bare/flask. Default: that of the path. */
export const { PYTHON = 'python3' } = process.env

/** Gunicorn with threads, which keep connections open: the default workers open one for each request. */
async function startFlask(env: NodeJS.ProcessEnv): Promise<Running> {
  const port = await findFreePort()
  const { PATH } = process.env
  const args = ['-m', 'gunicorn', '--chdir', 'bench/bare/flask', '--bind', `127.0.0.1:${port}`]
  const workers = ['--workers', String(FLASK_WORKERS), '--threads', '5', '--keep-alive', '75', 'server:app']
  const child = spawn(PYTHON, [...args, ...workers], { env: { PATH, ...env }, stdio: 'ignore' })
  keepUntilExit(child)
  const origin = `http://127.0.0.1:${port}`
  while (!(await fetch(origin).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`gunicorn ended with ${child.exitCode}`)
    await delay(50)
  }
  const pids = [Number(child.pid), ...childrenOf(Number(child.pid))]
  return { origin, pids, stop: () => stop(child) }
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
