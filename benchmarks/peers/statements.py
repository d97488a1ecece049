"""The SQL of the hand-written peers."""

FIND = "SELECT 1 FROM processed_messages WHERE source = $1 AND message_id = $2"

RECORD = """
    INSERT INTO processed_messages (source, message_id, type, car_id, outcome, digest)
    VALUES ($1, $2, $3, $4, 'applied', '') ON CONFLICT DO NOTHING
"""

CREATE = """
    INSERT INTO cars (id, make, model, make_key, model_key, year,
                      price_mxn, price_occurred_at, price_source, price_message_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
"""

CHANGE = """
    UPDATE cars SET price_mxn = $2, price_occurred_at = $3, price_source = $4,
                    price_message_id = $5, updated_at = now()
    WHERE id = $1 AND price_occurred_at < $3
"""

RECORD_MANY = """
    INSERT INTO processed_messages (source, message_id, type, car_id, outcome, digest)
    SELECT s, m, t, c, 'applied', '' FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
        AS new(s, m, t, c) ON CONFLICT DO NOTHING RETURNING message_id
"""

CREATE_MANY = """
    INSERT INTO cars (id, make, model, make_key, model_key, year,
                      price_mxn, price_occurred_at, price_source, price_message_id)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[],
                         $7::numeric[], $8::timestamptz[], $9::text[], $10::text[])
    ON CONFLICT DO NOTHING
"""

CHANGE_MANY = """
    UPDATE cars SET price_mxn = p, price_occurred_at = o, price_source = s,
                    price_message_id = m, updated_at = now()
    FROM unnest($1::text[], $2::numeric[], $3::timestamptz[], $4::text[], $5::text[])
        AS new(c, p, o, s, m)
    WHERE cars.id = c AND price_occurred_at < o
"""
