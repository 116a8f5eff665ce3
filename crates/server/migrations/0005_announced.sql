-- Public parties that are to begin, for the directory: found without reading every room.
CREATE INDEX rooms_announced ON rooms (json_extract(snapshot, '$.schedule'))
    WHERE terminal = 0 AND json_extract(snapshot, '$.policy.visibility') = 'public'
    AND json_extract(snapshot, '$.schedule') IS NOT NULL;
