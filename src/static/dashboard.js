// Back to where one signs in, as soon as an answer says that the session has ended or may no longer be here.
const { open } = XMLHttpRequest.prototype
XMLHttpRequest.prototype.open = function (...args) {
  this.addEventListener('load', () => {
    if (this.status === 401 || this.status === 403) location.reload()
  })
  return open.apply(this, args)
}
