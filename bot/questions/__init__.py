"""Questions with which the owner tries the bot: golden ones, and those that customers asked. What each would be answered
now (`trial`), what a change of an article would win or lose (`impact`), and runs over the golden ones (`golden`)."""
