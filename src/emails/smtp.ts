import { createTransport, type NodemailerError } from 'nodemailer'
import { MailRefused } from '../lib/errors/mail-refused.js'
import { inSpan, type SpanDescription } from '../lib/observability/tracing.js'
import { type Message, parseMailbox } from './message.js'

export type Outlet = {
  /** Throws MailRefused for what no retry can mend; after any other error it is worth trying again. */
  deliver: (message: Message) => Promise<void>
  close: () => void
}

/** A mail is worth seconds, and a worker that waits for minutes is worth nothing. */
const TIMEOUTS_MS = {
  dnsTimeout: 10_000,
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 30_000,
}

/** A mail is text in memory: whatever names a file or an address to read from is no mail of ours. */
const LIMITS = { disableFileAccess: true, disableUrlAccess: true, maxRecipients: 1 }

/** Connections to the mail server, kept and used again. */
export function openSmtp(url: string, mailFrom: string, { requireTls }: { requireTls: boolean }): Outlet {
  const from = parseMailbox(mailFrom)
  const host = from.address.slice(from.address.lastIndexOf('@') + 1)
  const transport = createTransport({ url, pool: true, requireTLS: requireTls, ...TIMEOUTS_MS, ...LIMITS })
  const span = describeServer(url)

  const deliver: Outlet['deliver'] = async ({ to, mail, messageId }) => {
    const { subject, text, html } = mail
    const message = {
      from,
      to: { name: '', address: to },
      // Said on its own, so that no header decides who gets it.
      envelope: { from: from.address, to: [to] },
      subject,
      text,
      html,
      messageId: `<${messageId}@${host}>`,
      // Holiday notices and other machines do not answer to it (RFC 3834).
      headers: { 'Auto-Submitted': 'auto-generated' },
      xMailer: false as const,
    }
    try {
      await inSpan(span, () => transport.sendMail(message))
    } catch (error) {
      throw explain(error as NodemailerError)
    }
  }
  return { deliver, close: () => transport.close() }
}

/** Neither who gets the mail nor what it says. */
function describeServer(url: string): SpanDescription {
  const { hostname, port } = new URL(url)
  const attributes = {
    'network.protocol.name': 'smtp',
    'server.address': hostname,
    ...(port && { 'server.port': Number(port) }),
  }
  return { name: 'send mail', kind: 'client', attributes }
}

/**
 * Of the server's answer only the codes are kept: filters quote what they refuse, and a link that works must get neither into
 * the log nor into the queue.
 */
function explain({ message, response, command = '', permanent }: NodemailerError): Error {
  const [codes] = /^\d{3}([ -]\d\.\d{1,3}\.\d{1,3})?/.exec(response ?? '') ?? []
  if (codes === undefined) return new Error(`The mail was not sent: ${message}`)
  const answer = `The mail server answered ${codes.replace('-', ' ')} to ${command}`
  // Earlier in the conversation a 5xx is about us (the sender, the password), and whoever runs the server can mend it.
  const isRefused = permanent === true && ['RCPT TO', 'DATA'].includes(command)
  return isRefused ? new MailRefused(answer) : new Error(answer)
}
