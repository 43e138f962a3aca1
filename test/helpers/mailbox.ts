import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import type { Test } from 'tap'

export type ReceivedMail = Pick<ParsedMail, 'headers' | 'headerLines'> & {
  from: string
  to: string
  subject: string
  text: string
  html: string
  messageId: string
  /** The recipients of the envelope, whatever the headers say. */
  recipients: string[]
}

/**
 * `silent` never answers. A number is the code of a refusal. With `withinMs` the server waits for a
 * random part of that time before it accepts a mail, and drops the mail when the client is gone by
 * then.
 */
export type Behaviour = {
  greeting?: 'silent'
  sender?: number
  recipient?: number
  data?: number | 'silent'
  withinMs?: number
}

export type Mailbox = {
  url: string
  /** Every mail so far. */
  all: ReceivedMail[]
  /** Every mail so far to that address or to a longer one that ends with it. */
  allTo: (address: string) => ReceivedMail[]
  /** The oldest mail (to that address) that was not returned yet; waits for one. */
  next: (address?: string) => Promise<ReceivedMail>
  /** Sets the behaviour from now on. Default: accepts every mail. */
  behave: (behaviour?: Behaviour) => void
  /** The number of connections opened so far. */
  connections: () => number
  /** Waits until every connection is closed. */
  isLeft: () => Promise<void>
}

/** Longer than the lease of a minute after which a job that the queue lost is claimed again. */
const DEADLINE_MS = 90_000

/** Starts a real SMTP server, whose mails are read by a real parser. */
export async function startMailbox(t: Test, port = 0): Promise<Mailbox> {
  const mails = keepMails()
  const present = new Set<string>()
  let behaviour: Behaviour = {}
  let connections = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 1,
    onConnect: ({ id }, callback) => {
      connections += 1
      present.add(id)
      if (behaviour.greeting !== 'silent') callback()
    },
    onClose: ({ id }) => {
      present.delete(id)
      setImmediate(() => server.emit('left'))
    },
    onMailFrom: (_address, _session, callback) => callback(refusal(behaviour.sender)),
    onRcptTo: (_address, _session, callback) => callback(refusal(behaviour.recipient)),
    onData: async (stream, session, callback) => {
      const mail = await simpleParser(stream).catch(() => undefined)
      if (!mail) return
      if (behaviour.withinMs !== undefined) await delay(randomInt(behaviour.withinMs))
      if (behaviour.data === 'silent' || !present.has(session.id)) return
      if (behaviour.data === undefined) mails.add(asReceived(mail, session))
      // Spam filters quote the mail that they refuse.
      callback(refusal(behaviour.data, mail.text))
    },
  })
  // Clients that hang up are part of the tests.
  server.on('error', () => {})
  server.listen(port, '127.0.0.1')
  await once(server.server, 'listening')
  t.teardown(() => new Promise<void>((resolve) => server.close(resolve)))
  const address = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    all: mails.all,
    allTo: (address) => mails.all.filter(({ recipients }) => recipients.some((to) => to.endsWith(address))),
    next: mails.next,
    behave: (next = {}) => {
      behaviour = next
    },
    connections: () => connections,
    isLeft: async () => {
      while (server.connections.size > 0) await once(server, 'left')
    },
  }
}

function refusal(responseCode: number | undefined, quote = ''): Error | null {
  if (responseCode === undefined) return null
  const message = `${String(responseCode)[0]}.7.1 refused ${quote.replace(/\s+/g, ' ')}`
  return Object.assign(new Error(message), { responseCode })
}

const addressesOf = (header: AddressObject | AddressObject[] | undefined): string =>
  [header ?? []]
    .flat()
    .map(({ text }) => text)
    .join(', ')

function asReceived(mail: ParsedMail, { envelope }: SMTPServerSession): ReceivedMail {
  const { headers, headerLines, subject = '', text = '', html, messageId = '' } = mail
  return {
    headers,
    headerLines,
    from: addressesOf(mail.from),
    to: addressesOf(mail.to),
    subject,
    text,
    html: html || '',
    messageId,
    recipients: envelope.rcptTo.map(({ address }) => address),
  }
}

function keepMails() {
  const all: ReceivedMail[] = []
  const unread: ReceivedMail[] = []
  const waiting = new Set<() => void>()

  const take = (address: string | undefined): ReceivedMail | undefined => {
    const isWanted = ({ recipients }: ReceivedMail) => address === undefined || recipients.includes(address)
    const index = unread.findIndex(isWanted)
    return index < 0 ? undefined : unread.splice(index, 1)[0]
  }
  const add = (mail: ReceivedMail) => {
    all.push(mail)
    unread.push(mail)
    for (const look of waiting) look()
  }
  const next = (address?: string) =>
    new Promise<ReceivedMail>((resolve, reject) => {
      const end = () => {
        clearTimeout(deadline)
        waiting.delete(look)
      }
      const look = () => {
        const mail = take(address)
        if (!mail) return
        end()
        resolve(mail)
      }
      const deadline = setTimeout(() => {
        end()
        reject(new Error(`No mail${address ? ` to ${address}` : ''} arrived in ${DEADLINE_MS / 1000} s`))
      }, DEADLINE_MS)
      waiting.add(look)
      look()
    })
  return { all, add, next }
}
