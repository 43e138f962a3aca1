import { Exclude } from 'class-transformer'
import { Column, Entity, PrimaryColumn } from 'typeorm'

@Entity('users')
export class User {
  @PrimaryColumn('uuid')
  id: string

  @Column('text')
  email: string

  @Exclude()
  @Column('text', { name: 'password_hash', nullable: true })
  passwordHash: string | null

  @Column('text', { name: 'first_name' })
  firstName: string

  @Column('text', { name: 'last_name' })
  lastName: string

  @Column('text')
  role: string

  @Column('text')
  status: string

  @Column('timestamptz', { name: 'email_verified_at', nullable: true })
  emailVerifiedAt: Date | null

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt: Date
}
