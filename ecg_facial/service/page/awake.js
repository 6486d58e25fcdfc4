/**
 * Keeps the screen on while the page is in front.
 *
 * Input: none. Output: a lock of the browser, where it gives one: over TLS or on the monitor's own machine. A monitor
 * whose screen goes dark is overlooked, and a camera in a device that sleeps is lost.
 */

/** Ask for the lock now, and whenever the page comes to the front: browsers drop it when it is hidden. */
export function keepAwake() {
  const ask = () => {
    // refused for a low battery, for instance: nothing is lost but the light
    if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {});
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}
