import { createTransport, type NodemailerError } from 'nodemailer'
import { MailRefused } from '../lib/errors/mail-refused.js'
import { inSpan, type SpanDescription } from '../lib/observability/tracing.js'
import { type Message, parseMailbox } from './message.js'

export type Outlet = {
  /**
   * @throws {MailRefused} when a retry cannot help
   * @throws {Error} after any other failure, when a retry may help
   */
  deliver: (message: Message) => Promise<void>
  close: () => void
}

/** Far below the library's defaults of up to ten minutes, which would block a worker. */
const TIMEOUTS_MS = {
  dnsTimeout: 10_000,
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 30_000,
}

/** Mails are text in memory: the library must never read a file or a URL for one. */
const LIMITS = { disableFileAccess: true, disableUrlAccess: true, maxRecipients: 1 }

/**
 * Opens a pool of connections to the mail server. They are made on demand and reused.
 *
 * @param url `smtp:` or `smtps:`, with user and password where the server needs them
 * @param mailFrom `address` or `Name <address>`
 * @param options.requireTls with `smtp:`, fail when the server does not offer STARTTLS
 */
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
      // Set explicitly, so that headers do not decide who gets the mail.
      envelope: { from: from.address, to: [to] },
      subject,
      text,
      html,
      messageId: `<${messageId}@${host}>`,
      // Keeps holiday notices and other automatic replies away (RFC 3834).
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

/** The span names the server only: neither the recipient nor the text of the mail. */
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
 * Keeps only the codes of the server's reply. Spam filters quote what they refuse, and a working link must
 * not get into the log or the queue.
 */
function explain({ message, response, command = '', permanent }: NodemailerError): Error {
  const [codes] = /^\d{3}([ -]\d\.\d{1,3}\.\d{1,3})?/.exec(response ?? '') ?? []
  if (codes === undefined) return new Error(`The mail was not sent: ${message}`)
  const answer = `The mail server answered ${codes.replace('-', ' ')} to ${command}`
  // An earlier 5xx is about the sender or its password. Operators can fix that, so a retry may help.
  const isRefused = permanent === true && ['RCPT TO', 'DATA'].includes(command)
  return isRefused ? new MailRefused(answer) : new Error(answer)
}
