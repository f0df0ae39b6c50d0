/* Which picture is dissolved: the built-in one, or the visitor's own. */
import { getSample } from "./service.js";

let own = null;

/* The bytes that are sent to the service: a Blob with its media type. */
export function pictureBlob(signal) {
  return own ? Promise.resolve(own) : getSample(signal);
}
