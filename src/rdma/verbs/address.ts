/** An address that datagrams go to: libibverbs' address handle. */
export class Address {
  /** @internal Its path's record. */
  readonly ptr: number;

  /** @internal Made by RdmaDevice.createAddress. */
  constructor(ptr: number) {
    this.ptr = ptr;
  }
}
