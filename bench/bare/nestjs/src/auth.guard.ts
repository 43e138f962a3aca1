import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const keys = createRemoteJWKSet(new URL(`${process.env.OURS}/.well-known/jwks.json`))

/** Verifies the token of each request. */
@Injectable()
export class AuthGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest()
    const [type, token = ''] = String(request.headers.authorization).split(' ')
    if (type !== 'Bearer') throw new UnauthorizedException()
    try {
      request.user = (await jwtVerify(token, keys, { algorithms: ['EdDSA'] })).payload
    } catch {
      throw new UnauthorizedException()
    }
    return true
  }
}
