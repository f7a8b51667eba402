export interface HashOptions {
  readonly policy: string;
}
