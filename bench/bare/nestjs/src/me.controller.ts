import { Controller, Get, NotFoundException, Req } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { Repository } from 'typeorm'
import { User } from './user.entity.js'

@Controller('me')
export class MeController {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  @Get()
  async getMe(@Req() request: { user: { sub: string } }): Promise<User> {
    const user = await this.users.findOneBy({ id: request.user.sub })
    if (!user) throw new NotFoundException()
    return user
  }
}
