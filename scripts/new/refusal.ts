import { OperatorError } from '../../src/lib/errors/operator-error.js'

/** Why a resource or a field is not made, in one line. Nothing has been written. */
export class Refusal extends OperatorError {
  override readonly name = 'Refusal'
}
