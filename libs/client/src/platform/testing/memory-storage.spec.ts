import { deviceStorageContract } from '../device-storage.contract.js'
import { MemoryDevice, type MemoryStorage } from './memory-storage.js'

describe('MemoryStorage', () => {
  deviceStorageContract(() => {
    const devices = new Map<string, MemoryDevice>()
    const open = (endpoint = 'https://sync.example'): MemoryStorage => {
      const device = devices.get(endpoint) ?? new MemoryDevice()
      devices.set(endpoint, device)
      return device.open()
    }
    return Promise.resolve({ open, close: () => Promise.resolve() })
  })
})
