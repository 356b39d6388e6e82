/** One obligation of a port. A suite is a list of them, for whatever test runner. */
export interface Case<Subject> {
  readonly name: string
  run(subject: Subject): Promise<void>
}
