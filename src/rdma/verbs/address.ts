/** An address that datagrams go to: libibverbs' address handle. */
export class Address {
  /** From 0, in the order in which the device's addresses were made. */
  readonly number: number;
  /** @internal Its path's record. */
  readonly ptr: number;

  /** @internal Made by RdmaDevice.createAddress. */
  constructor(number: number, ptr: number) {
    this.number = number;
    this.ptr = ptr;
  }
}
