import { DEVICE_MARKERS_FROM } from '../../../domain/batch-marker.js'
import { prepared } from './prepared.js'

/** Removes the oldest markers of sync sessions below an id ($1), up to a number ($2). Those that others have locked are left for later. */
export const FORGET_MARKERS = prepared(`DELETE FROM batch_marker AS gone USING (
    SELECT identity_id, marker_id FROM batch_marker
      WHERE marker_id < $1 AND marker_id < '${DEVICE_MARKERS_FROM}' ORDER BY marker_id LIMIT $2 FOR UPDATE SKIP LOCKED
  ) AS old
  WHERE gone.identity_id = old.identity_id AND gone.marker_id = old.marker_id`)

/** Removes the markers of devices that were silent for longest, before a time ($1), up to a number ($2). */
export const FORGET_DEVICE_MARKERS = prepared(`DELETE FROM batch_marker AS gone USING (
    SELECT identity_id, marker_id FROM batch_marker
      WHERE marker_id >= '${DEVICE_MARKERS_FROM}' AND accepted_hour <= $1::bigint / 3600000 AND accepted_at < $1::bigint
      ORDER BY accepted_hour, accepted_at, marker_id LIMIT $2 FOR UPDATE SKIP LOCKED
  ) AS old
  WHERE gone.identity_id = old.identity_id AND gone.marker_id = old.marker_id`)
