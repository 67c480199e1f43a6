import { openClient, type ClientOptions, type Dataset, type SyncClient, type Write } from '@satchel/client'

/** The dataset that the page shows. */
export const DATASET = 'preferences'

/** A device of the page: a client, the one dataset that is shown, and who wants to know when it may look different. */
export class Device {
  readonly dataset: Dataset
  private readonly listeners = new Set<() => void>()
  /** Why the last thing that was asked of the device was not done; null when it was. */
  trouble: string | null = null

  private constructor(
    readonly title: string,
    readonly client: SyncClient,
  ) {
    this.dataset = client.dataset(DATASET, { conflicts: () => 'defer' })
    this.dataset.subscribe(() => this.changed())
    client.onStatus(() => this.changed())
  }

  static async open(title: string, options: ClientOptions): Promise<Device> {
    return new Device(title, await openClient(options))
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener)
  }

  changed(): void {
    for (const listener of this.listeners) listener()
  }

  /** Does something to the dataset; what is refused, or cannot be saved, is shown. */
  edit(act: () => Write): void {
    try {
      const { saved, outcome } = act()
      this.trouble = null
      void saved.catch((fault: unknown) => this.failed(fault))
      void outcome.catch(() => undefined).finally(() => this.changed())
    } catch (fault) {
      this.failed(fault)
    }
    this.changed()
  }

  failed(fault: unknown): void {
    this.trouble = fault instanceof Error ? fault.message : String(fault)
    this.changed()
  }
}
