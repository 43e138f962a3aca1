// Reloads the page, which leads to the sign-in, when a response says that the session has ended or lost access.
const { open } = XMLHttpRequest.prototype
XMLHttpRequest.prototype.open = function (...args) {
  this.addEventListener('load', () => {
    if (this.status === 401 || this.status === 403) location.reload()
  })
  return open.apply(this, args)
}
