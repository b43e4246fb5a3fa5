-- Alerts are looked for by session, and a message that is owed keeps its session's project.

-- Serves: the alerts of a session, the newest first (the row number follows the session in the index).
CREATE INDEX alert_by_session ON alert (session);

-- Where the session worked, as far as was known when the message was owed; NULL: it was not.
ALTER TABLE delivery ADD COLUMN project TEXT;
UPDATE delivery SET project = (SELECT s.project FROM session s WHERE s.id = delivery.session);
