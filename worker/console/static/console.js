"use strict";

// Follows a job: takes the part of the page that changes from the server again and again.
// Without scripts the page loads itself anew.
(function follow() {
  const live = document.getElementById("live");
  if (!live || !live.dataset.refresh) return;
  window.setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (answer.redirected || !answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = page.getElementById("live");
      if (now && !live.contains(document.activeElement)) live.replaceWith(now);
      else if (now && now.dataset.refresh === undefined) location.reload();
    } catch (error) {
      live.dataset.refresh = Math.min(30000, 2 * Number(live.dataset.refresh));
    }
    follow();
  }, Number(live.dataset.refresh));
})();
