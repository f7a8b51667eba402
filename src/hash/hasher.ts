export class FlowHasher {
  readonly ptr = 0;
}
