// Loaded before a process of the bot: the machine's clock of that process stands elsewhere and runs on at its pace.
const shiftMs = Number(process.env.CLOCK_SHIFT_MS ?? 0)
const Machine = globalThis.Date

if (shiftMs !== 0) {
  globalThis.Date = class ShiftedDate extends Machine {
    constructor(...args) {
      if (args.length === 0) super(Machine.now() + shiftMs)
      else super(...args)
    }
    static now() {
      return Machine.now() + shiftMs
    }
  }
  // Libraries know it by its name.
  Object.defineProperty(globalThis.Date, 'name', { value: 'Date' })
}
