import { MESSAGE_ID_PATTERN } from '../../emails/message.js'
import { pageOf } from '../../lib/schema/pagination.js'
import { StrictObject, StringEnum, WithDefault } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'
import { previewNames } from './previews.js'

const MessageId = Type.String({ pattern: MESSAGE_ID_PATTERN, expected: 'the id of a mail' })

export const MessageParams = StrictObject({ id: MessageId })

export const InboxQuery = StrictObject({ message: Type.Optional(MessageId) })

export const MessageQuery = StrictObject({
  /** The default is the maximum: tests find any mail without paging. */
  limit: WithDefault(Type.Integer({ minimum: 1, maximum: 200, default: 200 })),
  cursor: Type.Optional(MessageId),
})

export const ReceivedMail = Type.Object({
  id: MessageId,
  createdAt: Type.String({ format: 'date-time' }),
  from: Type.String(),
  to: Type.String(),
  subject: Type.String(),
  text: Type.String(),
  html: Type.String(),
})

export const ReceivedMailPage = pageOf(ReceivedMail)

export const PreviewParams = StrictObject({ name: StringEnum(previewNames) })

export const PreviewQuery = StrictObject({
  part: WithDefault(StringEnum(['html', 'text'], { default: 'html' })),
})
