import { hypervisorSuite } from '../suite.ts'
import { qemuSubject } from './testing/subject.ts'

hypervisorSuite('QEMU', qemuSubject)
